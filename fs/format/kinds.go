package format

// kinds returns all formats, the most asked for first. It is a function because
// formats that hold others refer to it.
func kinds() []kind {
	return []kind{
		{"npy", []string{"npy"}, arrayKeys, planNPY},
		{"npz", []string{"npz"}, arrayKeys, planNPZ},
		{"zip", []string{"zip"}, []string{"members", "member"}, planZipMembers},
		{"pt", []string{"pt", "pth"}, arrayKeys, planTorch},
		{"tfrecord", []string{"tfrecord", "tfrecords"}, []string{"record"}, planTFRecord},
		{"hdf5", []string{"h5", "hdf5"}, arrayKeys, planHDF5},
		{"parquet", []string{"parquet"}, []string{"columns", "rows", "rowgroup", "nan"}, planParquet},
		{"jpeg", []string{"jpg", "jpeg"}, []string{"shape"}, planJPEG},
		{"png", []string{"png"}, []string{"shape"}, planPNG},
		{"tar", []string{"tar"}, []string{"members", "member"}, planTar},
		{"wav", []string{"wav"}, nil, planWAV},
		{"bmp", []string{"bmp"}, []string{"shape"}, planBMP},
		{"gz", []string{"gz"}, nil, planGzip},
		{"arrow", []string{"arrow", "feather"}, arrayKeys, planArrow},
		{"gguf", []string{"gguf"}, arrayKeys, planGGUF},
		{"gpt", []string{"img", "raw"}, nil, planGPT},
		{"safetensors", []string{"safetensors"}, arrayKeys, planSafetensors},
		{TFIndex, nil, []string{"record"}, planIndex},
		{Offsets, nil, []string{"record"}, planIndex},
		{Lengths, nil, []string{"record"}, planIndex},
	}
}
